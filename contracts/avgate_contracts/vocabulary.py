"""The closed word lists that every part of Avgate shares."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """What a data subject may ask for; the article is the GDPR's."""

    ACCESS = "access"  # Art. 15
    RECTIFY = "rectify"  # Art. 16
    ERASE = "erase"  # Art. 17
    EXPORT = "export"  # Art. 20
    RESTRICT = "restrict"  # Art. 18: recorded and answered, never fanned out
    OBJECT = "object"  # Art. 21(1): recorded and answered, never fanned out


class IdentifierKind(StrEnum):
    """How a data subject can be found in an upstream."""

    PHONE = "phone"  # E.164
    EMAIL = "email"
    CUSTOMER_ID = "customer_id"
    XELION_ID = "xelion_id"
    ICCID = "iccid"
    IMSI = "imsi"
    IP = "ip"
    NAME_ADDRESS = "name_address"


class Category(StrEnum):
    """What an item is: a row of the retention matrix, or one of the two the matrix leaves out."""

    CONTACT = "contact"
    FINANCIAL = "financial"
    COMMUNICATION_METADATA = "communication_metadata"
    VOICEMAIL = "voicemail"
    RECORDING = "recording"
    REACH_CONFIGURATION = "reach_configuration"
    CONTACTS = "contacts"  # the address book that the end user keeps
    CONNECTION_DATA = "connection_data"
    NETWORK_METADATA = "network_metadata"
    DELIVERY_ADDRESS = "delivery_address"
    CRM_DATA = "crm_data"
    DIRECTORY_LISTING = "directory_listing"  # not in the matrix: published by consent, Tw 11.6
    PROCESSOR_DATA = "processor_data"  # not in the matrix: what a subprocessor says it holds


class Product(StrEnum):
    """The product group of the retention matrix that an item belongs to."""

    GENERAL = "general"
    VOICE = "voice"
    MOBILE = "mobile"
    WAN = "wan"
    CLOUD = "cloud"
    WEBSHOP = "webshop"
    CONTACT_CONNECT = "contact_connect"
    XELION = "xelion"
    DIRECTORY = "directory"


class Field(StrEnum):
    """A field that can be rectified, under one name in every upstream."""

    NAME_GIVEN = "name.given"
    NAME_FAMILY = "name.family"
    NAME_PREFIX = "name.prefix"
    ADDRESS_STREET = "address.street"
    ADDRESS_NUMBER = "address.number"
    ADDRESS_POSTCODE = "address.postcode"
    ADDRESS_CITY = "address.city"
    EMAIL = "email"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"
