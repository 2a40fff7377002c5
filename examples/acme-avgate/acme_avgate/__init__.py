"""Carries out a person's privacy rights in Acme."""

from acme_avgate.connector import AcmeConnector

__all__ = ["AcmeConnector"]
