"""A form from a JSON Schema: what it shows, and what was posted with it."""

from handrail.requests.reading import NOTHING
from handrail.web.form.build import build
from handrail.web.form.editing import edit_form, read_edit
from handrail.web.form.fields import Form
from handrail.web.form.posted import Posted, read

__all__ = ["NOTHING", "Form", "Posted", "build", "edit_form", "read", "read_edit"]
