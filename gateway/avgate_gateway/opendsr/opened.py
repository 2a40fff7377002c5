"""Makes the processor of the settings, if others may send requests by OpenDSR at all."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from avgate_gateway.opendsr.key_file import open_seal
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.settings import Settings


def opened_processor(settings: Settings, now: datetime) -> Processor | None:
    """With its key and certificate, made if need be; raises ProcessorKeyError."""
    own, url = settings.opendsr, settings.opendsr.url
    if url is None:
        return None
    files = dict(settings.opendsr_files)
    domain = own.domain or urlsplit(url).hostname or ""
    seal = open_seal(files["key_file"], files["certificate_file"], domain, now)
    ids = {name: (*one.opendsr_ids, name)[0] for name, one in settings.controllers.items()}
    return Processor(url.rstrip("/"), seal, ids)
