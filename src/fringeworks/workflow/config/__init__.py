"""The run configuration: one YAML, composed of the option records of the rooms below."""

from fringeworks.workflow.config.load import (
    METHODS,
    config_from,
    load_config,
    offered_families,
    parse_config,
    resolved,
    template,
)
from fringeworks.workflow.config.records import plain
from fringeworks.workflow.config.schema import CONFIG_VERSION, RunConfig, bytes_of

__all__ = [
    "CONFIG_VERSION",
    "METHODS",
    "RunConfig",
    "bytes_of",
    "config_from",
    "load_config",
    "offered_families",
    "parse_config",
    "plain",
    "resolved",
    "template",
]
