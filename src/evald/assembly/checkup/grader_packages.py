"""The check of what python graders may import: the packages that were installed for them."""

from evald.adapters.grader_packages.environment import Contents, Environment
from evald.adapters.grader_packages.interpreters import fitting
from evald.assembly.checkup.finding import Finding, State
from evald.graders.image_packages import IMAGE_TAG

INSTALL = f"evald graders install {IMAGE_TAG}"


def check_grader_packages(environment: Environment) -> Finding:
    """Whether the environment is there, whole, and still starts."""
    contents = environment.contents()
    if contents is None:
        message = "Python graders run on the server's own Python, with its packages."
        return Finding("packages", State.OK, message, f"`{INSTALL}` installs the hosted service's.")
    if fitting(str(environment.interpreter)) is None:
        message = f"{environment.interpreter}, which has the packages of graders, does not start."
        return Finding("packages", State.NOTE, message, f"`{INSTALL} --rebuild` makes it anew.")
    message = f"Python graders run on Python {contents.python}; {counted(contents)}."
    if contents.is_complete:
        return Finding("packages", State.OK, message)
    return Finding("packages", State.NOTE, message, f"`{INSTALL}` tries what was skipped again.")


def counted(contents: Contents) -> str:
    """How many packages there are, and what was skipped."""
    left = [*contents.skipped, *(f"nltk's {name}" for name in contents.skipped_data)]
    skipped = f", skipped: {', '.join(left)}" if left else ""
    return f"packages: {len(contents.packages)}{skipped}"
