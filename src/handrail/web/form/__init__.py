"""A form from a JSON Schema: what it shows, and what was posted with it."""

from handrail.web.form.build import build
from handrail.web.form.editing import edit_form, read_edit
from handrail.web.form.fields import Form
from handrail.web.form.posted import Posted, read
from handrail.web.form.typed import NOTHING

__all__ = ["NOTHING", "Form", "Posted", "build", "edit_form", "read", "read_edit"]
