"""The settings as options of a command: click layers them, and what it takes is checked.

Options win over `WONDER_<NAME>` variables, these over the `--config` file, that over defaults.
A secret may also stand in a file that `WONDER_<NAME>_FILE` names. Nothing else reads the environment.
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from server import config as settings
from server.config import BadSetting, Config

PREFIX = "WONDER"
# Variables of Kubernetes's service links that hold no address, and the values of those that do.
_LINK = re.compile(r"WONDER_(?:.*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT_\d+_(?:TCP|UDP|SCTP)_\w+)")
_LINKED = re.compile(r"(?:tcp|udp|sctp)://")

C = TypeVar("C", bound=click.Command)


class Setting(click.Option):
    """The option of one setting; its value comes from the first of the places that has one."""

    def __init__(self, name: str) -> None:
        meta, default = settings.meta(name), settings.DEFAULTS[name]
        super().__init__(
            [settings.flag(name), name],
            type=_Value(),
            default=default,
            show_default=bool(str(default)),
            metavar=settings.unit(name).upper() or "VALUE",
            help=meta.description,
        )

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the variable's value; one that is empty, or that Kubernetes made, is as none."""
        found = super().resolve_envvar_value(ctx)
        if found is not None and found.strip() and not _is_link(variable(_name(self)), found):
            return found
        return _in_file(_name(self)) if _name(self) in settings.SECRETS else None


class _Value(click.ParamType[Any]):
    """The value of a setting, checked by its type in `Config`."""

    name = "value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        assert param is not None
        assert ctx is not None
        name, source = _name(param), ctx.get_parameter_source(_name(param))
        if source is ParameterSource.DEFAULT:
            return value
        if source is ParameterSource.DEFAULT_MAP:
            where = f"the key `{name}` in {ctx.params['config']}"
            return settings.convert(name, value, where, strict=True)
        is_variable = source is ParameterSource.ENVIRONMENT
        where = f"the variable {variable(name)}" if is_variable else f"the option {settings.flag(name)}"
        return settings.convert(name, value, where)


def with_settings(command: C) -> C:
    """Give a command an option for each setting, and `--config`; its function gets `config`, made of them.

    Raises `BadSetting` with a sentence that names what is wrong and where it stands.
    """
    return _with(command, settings.NAMES, settings.check)


def with_some_settings(*names: str) -> Callable[[C], C]:
    """Return what gives a command options for these settings alone; they are not checked together."""
    return lambda command: _with(command, names, lambda _: None)


def _with(command: C, names: Sequence[str], check: Callable[[Config], None]) -> C:
    command.context_settings["auto_envvar_prefix"] = PREFIX
    command.params += [_config_option(), *map(Setting, names)]
    called = command.callback
    assert called is not None

    @functools.wraps(called)
    def with_config(config: Path | None, **given: Any) -> Any:  # noqa: ARG001 - was read before all others
        made = Config(**{name: given.pop(name) for name in names})
        check(made)
        return called(config=made, **given)

    command.callback = with_config
    return command


def _config_option() -> click.Option:
    return click.Option(
        ["--config"],
        type=click.Path(path_type=Path),
        is_eager=True,
        callback=_with_file,
        help="A TOML file with the same settings.",
    )


def _with_file(ctx: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Let the file's values stand in for those that are given nowhere else."""
    ctx.params["config"] = path
    ctx.default_map = _file(path) if path is not None else {}
    return path


def _file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadSetting(f"--config {path}: this file cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"--config {path}: this file is not TOML: {error}.") from None
    for name in found:
        if name.replace("-", "_") not in settings.NAMES:
            raise BadSetting(f"The key `{name}` in {path} is not a setting.")
    return {name.replace("-", "_"): value for name, value in found.items()}


def _in_file(name: str) -> str | None:
    """Return a secret from the file that its variable names."""
    of_file = f"{variable(name)}_FILE"
    path = os.environ.get(of_file, "").strip()
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip() or None
    except OSError as error:
        raise BadSetting(f"{of_file} {path}: this file cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise BadSetting(f"{of_file} {path}: this file is not a text in UTF-8.") from None


def variable(name: str) -> str:
    """Return the name of a setting's variable, as in `WONDER_UDP_PORT`."""
    return f"{PREFIX}_{name.upper()}"


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return the names of `WONDER_` variables that are no setting."""
    known = {variable(name) for name in (*settings.NAMES, "config")}
    known |= {f"{variable(name)}_FILE" for name in settings.SECRETS}
    links = service_links(environ)
    return sorted(n for n in environ if n.startswith(f"{PREFIX}_") and n not in known and n not in links)


def service_links(environ: Mapping[str, str]) -> list[str]:
    """Return the names of `WONDER_` variables that Kubernetes makes for a service called `wonder`.

    Among them is WONDER_PORT=tcp://10.0.0.1:8080, and for a service `wonder-udp` WONDER_UDP_PORT.
    """
    ours = [name for name in environ if name.startswith(f"{PREFIX}_")]
    return sorted(name for name in ours if _is_link(name, environ[name]))


def _is_link(name: str, value: str) -> bool:
    return bool(_LINK.fullmatch(name) or _LINKED.match(value.strip()))


def _name(param: click.Parameter) -> str:
    assert param.name is not None
    return param.name
