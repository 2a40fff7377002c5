"""Takes people out of phone directories, online and in print, by orders in the DLDA dialect."""

from avgate_directory.client import DirectorySettings
from avgate_directory.connector import DirectoryConnector

__all__ = ["DirectoryConnector", "DirectorySettings"]
