"""The shapes of ids, by which clients and people recognise what an id names."""

from enum import StrEnum


class IdPrefix(StrEnum):
    """What stands before the hexadecimal part of an id.

    Ids of evals, runs and output items are the prefix, eight hexadecimal digits of the creation
    second and 24 random ones.

    Source: observed 2025-05 and 2026-07.
    """

    EVAL = "eval_"
    RUN = "evalrun_"
    OUTPUT_ITEM = "outputitem_"
    KEY = "key_"
    IMPORT = "import_"
    BLOB = "blob_"
    REQUEST = "req_"
    CHAT_COMPLETION = "chatcmpl-"
    RESPONSE = "resp_"
    WEBHOOK = "webhook_"


FILE_PREFIX = "file-"
"""A file's id is this and 22 characters of base 62. Source: observed 2025-05."""
