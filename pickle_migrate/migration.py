import attrs


@attrs.frozen
class Migration:
    ref: object
    version: int
    operations: tuple
    origin: str
    arguments: object = None
