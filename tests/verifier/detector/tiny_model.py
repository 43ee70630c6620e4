"""The smallest ONNX files that are models, written by hand: the mean of each colour, and others."""


def mean_colour(side: int) -> bytes:
    """Answers floats (1, 3, side, side) with the mean of each of three colours."""
    return model("GlobalAveragePool", side)


def model(operator: str, side: int) -> bytes:
    """A ModelProto of one operator from `pixels` to `told` (onnx.proto, fields by number)."""
    node = text(1, "pixels") + text(2, "told") + text(4, operator)
    value = text(1, "pixels") + part(2, part(1, number(1, 1) + part(2, shape(1, 3, side, side))))
    told = text(1, "told") + part(2, part(1, number(1, 1)))
    graph = part(1, node) + text(2, "tiny") + part(11, value) + part(12, told)
    return number(1, 8) + part(7, graph) + part(8, number(2, 17))


def shape(*sizes: int) -> bytes:
    """A TensorShapeProto."""
    return b"".join(part(1, number(1, each)) for each in sizes)


def number(field: int, value: int) -> bytes:
    """A varint field."""
    return bytes([field << 3]) + varint(value)


def text(field: int, value: str) -> bytes:
    """A field of characters."""
    return part(field, value.encode())


def part(field: int, value: bytes) -> bytes:
    """A field of bytes."""
    return bytes([field << 3 | 2]) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    told = b""
    while value > 127:
        told, value = told + bytes([value & 127 | 128]), value >> 7
    return told + bytes([value])
