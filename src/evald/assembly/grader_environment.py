"""Where the packages of python graders are, in a data folder."""

from pathlib import Path

from evald.adapters.grader_packages.environment import Environment
from evald.graders.image_packages import IMAGE_TAG

GRADERS = "graders"


def grader_environment(data_dir: Path) -> Environment:
    """Where the environment is or would be, by a path that holds from everywhere."""
    return Environment(data_dir.absolute() / GRADERS / IMAGE_TAG)
