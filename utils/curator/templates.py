"""The pages that are filled in: each lies beside the modules, under its own name."""

import jinja2


def template(name: str) -> jinja2.Template:
    """Return a template.

    Parameters
    ----------
    name
        Its file, such as ``report.html``. What is put into HTML is escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("curator", ""),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)
