"""Units of releases 1 to 4.1 and of today."""


def celsius(fahrenheit):
    """A temperature, to the hundredth of a degree."""
    return round((fahrenheit - 32) * 5 / 9, 2)


def celsius_difference(fahrenheit):
    """A difference of temperatures, which has no zero point."""
    return round(fahrenheit * 5 / 9, 2)


def metres(feet):
    """A depth, to the centimetre."""
    return round(feet * 0.3048, 2)


def millimetres(inches):
    """Rain, to the tenth of a millimetre."""
    return round(inches * 25.4, 1)
