"""The run configuration: one YAML, composed of the option records of the rooms below."""

from fringeworks.workflow.config.load import config_from, load_config, parse_config, resolved, template
from fringeworks.workflow.config.records import plain
from fringeworks.workflow.config.schema import CONFIG_VERSION, RunConfig, bytes_of

__all__ = [
    "CONFIG_VERSION",
    "RunConfig",
    "bytes_of",
    "config_from",
    "load_config",
    "parse_config",
    "plain",
    "resolved",
    "template",
]
