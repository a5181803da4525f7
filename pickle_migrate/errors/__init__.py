"""Every error that pickle_migrate raises.

Each error says what happened, where, and what to do. The facts are attributes, so a program can
act on them without reading the sentence. Every error survives pickling and copying: its ``args``
are its fields, in order.
"""

from pickle_migrate.errors.base import (
    PickleMigrateError,
)
from pickle_migrate.errors.checking import ArchiveError, LockError, PackError
from pickle_migrate.errors.declaring import (
    AmbiguousRenameError,
    ArgumentError,
    DeclarationError,
    DuplicateStepError,
    OperationError,
    RefError,
    RenameLoopError,
    RuleError,
    SettingsError,
    UnsupportedShapeError,
    VersionNumberError,
)
from pickle_migrate.errors.migrating import (
    DowngradeError,
    FieldExistsError,
    FingerprintError,
    ForeignError,
    GapError,
    MigrationError,
    MissingFieldError,
    NewerVersionError,
    StampError,
    StateError,
    StepFailedError,
    UnknownClassError,
    UnknownFieldError,
    UnstampedError,
)
from pickle_migrate.errors.reading import (
    CompressionError,
    ContentError,
    FileError,
    LimitError,
    NoPickleError,
    PickleFormatError,
    PolicyError,
    RequestError,
    ShimError,
    StaticError,
    TooDeepError,
    VerificationError,
)

__all__ = [
    "AmbiguousRenameError",
    "ArchiveError",
    "ArgumentError",
    "CompressionError",
    "ContentError",
    "DeclarationError",
    "DowngradeError",
    "DuplicateStepError",
    "FieldExistsError",
    "FileError",
    "FingerprintError",
    "ForeignError",
    "GapError",
    "LimitError",
    "LockError",
    "MigrationError",
    "MissingFieldError",
    "NewerVersionError",
    "NoPickleError",
    "OperationError",
    "PackError",
    "PickleFormatError",
    "PickleMigrateError",
    "PolicyError",
    "RefError",
    "RenameLoopError",
    "RequestError",
    "RuleError",
    "SettingsError",
    "ShimError",
    "StampError",
    "StateError",
    "StaticError",
    "StepFailedError",
    "TooDeepError",
    "UnknownClassError",
    "UnknownFieldError",
    "UnstampedError",
    "UnsupportedShapeError",
    "VerificationError",
    "VersionNumberError",
]

# One public place: tracebacks and pickles name the classes as users import them.
for _name in __all__:
    globals()[_name].__module__ = __name__
