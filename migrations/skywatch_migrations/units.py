"""Units of releases 1 to 4.1 and of today."""


def celsius(fahrenheit):
    """A temperature, to the hundredth of a degree."""
    return round((fahrenheit - 32) * 5 / 9, 2)


def celsius_difference(fahrenheit):
    """A difference of temperatures, which has no zero point."""
    return round(fahrenheit * 5 / 9, 2)


def fahrenheit(celsius):
    """A temperature in the unit of old."""
    return celsius * 9 / 5 + 32


def fahrenheit_difference(celsius):
    """A difference of temperatures in the unit of old."""
    return celsius * 9 / 5


def metres(feet):
    """A depth, to the centimetre."""
    return round(feet * 0.3048, 2)


def millimetres(inches):
    """Rain, to the tenth of a millimetre."""
    return round(inches * 25.4, 1)


def feet(metres):
    """A depth or a height in the unit of old."""
    return metres / 0.3048


def inches(millimetres):
    """Rain in the unit of old."""
    return millimetres / 25.4
