"""Lists of subprocessors as providers publish them, and two processors that speak OpenDSR 2.0.

The companies' names are those of products a reseller sells. What is known of their own interfaces
is nothing: everything here is invented, but for OpenDSR, which is written down openly
(https://github.com/opengdpr/OpenDSR, version 2.0). One port stands for several hosts, so each has
a prefix, and the major version follows it: `/opendsr/perfectview/v2/requests`.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp

from avgate_contracts.vocabulary import Category
from avgate_mocks.kernel import Kernel
from avgate_mocks.subprocessors.answering import DIALECT, OPENDSR, OPENGDPR
from avgate_mocks.subprocessors.listing import ListRoutes
from avgate_mocks.subprocessors.processor import PERFECTVIEW, WORKSPACE365, Processor, secret_name
from avgate_mocks.subprocessors.published import kpn, managed_voice, perfectview, workspace365
from avgate_mocks.subprocessors.routes import ProcessorRoutes
from avgate_mocks.world import World


def build(world: World, port: int) -> ASGIApp:  # noqa: ARG001 -- its addresses follow the caller's
    """A fresh mock; the processors' key pairs are made here, and are others each time."""
    kernel = Kernel("subprocessors", world)
    every = (kpn, managed_voice, perfectview, workspace365)
    lists = {list_.provider: list_ for list_ in (make(kernel.clock, world.as_of) for make in every)}
    processors = [Processor(kernel, what) for what in (PERFECTVIEW, WORKSPACE365)]
    routes = ListRoutes(lists).routes()
    for processor in processors:
        kernel.clock.on_move(processor.settle)
        for naming in (OPENDSR, OPENGDPR):
            routes += ProcessorRoutes(processor, lists[processor.what.name], naming).routes()
    return kernel.app(
        routes,
        holds=lambda person: {Category.PROCESSOR_DATA: sum(p.count(person) for p in processors)},
        dialect=DIALECT,
    )


def config_section(world: World, controller: str, port: int) -> Mapping[str, object]:
    """Three lists of three kinds, two processors that are asked, one that is asked by hand."""
    here = f"http://127.0.0.1:{port}"
    return {
        "base_url": here,
        "lists": [
            {"provider": "kpn", "url": f"{here}/lists/kpn.json", "format": "json"},
            {
                "provider": "managed-voice",
                "url": f"{here}/lists/managed-voice.csv",
                "format": "csv",
            },
            {
                "provider": "perfectview",
                "url": f"{here}/opendsr/perfectview/v2/discovery",
                "format": "opendsr",
            },
        ],
        "processors": [
            {
                "name": what.name,
                "title": what.title,
                "opendsr_url": f"{here}/opendsr/{what.name}/v2",
                "domain": what.domain,
                "token": world.secret(secret_name(what.name), controller),
                "products": [what.title],
            }
            for what in (PERFECTVIEW, WORKSPACE365)
        ],
    }
