"""Configuration of Sphinx. The docs are built with ``-W``: a warning is an error."""

from importlib.metadata import version as installed_version

project = "pickle_migrate"
copyright = "2026, the pickle_migrate authors"  # noqa: A001 - Sphinx's name for it
release = version = installed_version("pickle-migrate")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "furo"
html_title = "pickle_migrate"
html_copy_source = False
html_show_sourcelink = False
