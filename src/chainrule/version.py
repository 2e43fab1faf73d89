"""The version, in one place: the build, the files we write and the reports read it here."""

__version__ = "0.1.0"
KERAS_VERSION = "3.15.1"  # the Keras whose names, defaults and files we speak
