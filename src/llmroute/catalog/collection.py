"""The providers that a client knows: the package's, the user's own, those of installed packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

from .entries import provider, provider_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from llmroute.errors import Problem

    from .entries import ProviderEntry
    from .layers import Facts, Layer

NAME = r"[a-z][a-z0-9_-]{0,63}"
"""What a provider is called: the name of its file, without .toml."""


class Extension(NamedTuple):
    """What an installed package brings: the text of a provider's file, and who speaks for it.

    `opens` is None when the file names an API of ours; else it makes the codec, or the provider.
    """

    place: str
    text: str
    opens: Callable[[], object] | None = None


class Catalog:
    """Finds providers by name; the package's own come first, and nobody can replace them.

    `files` are provider files, and fact files, whose facts count before the catalog's; `folder` is
    where other files are looked for by their name; `extension` asks installed packages, and returns
    what loads theirs. Folder and packages are looked at only for a name that is not known
    otherwise. `apis` are the wire APIs that a file may name; empty: any.
    """

    def __init__(
        self,
        files: Iterable[Path] = (),
        *,
        folder: Path | None = None,
        extension: Callable[[str], Callable[[], Extension] | None] | None = None,
        apis: tuple[str, ...] = (),
    ) -> None:
        """Read `files`; raises PolicyError with every problem of every file."""
        self._folder = folder
        self._extension = extension
        self._apis = apis
        self._found: dict[str, ProviderEntry | None] = {}
        self._opens: dict[str, Callable[[], object]] = {}
        self._packaged: set[str] = set()
        self._layers: tuple[Layer, ...] = ()
        self._add(files)

    def extended(self, files: Iterable[Path]) -> Catalog:
        """The same with more files; raises PolicyError."""
        new = Catalog(folder=self._folder, extension=self._extension, apis=self._apis)
        new._found = {name: entry for name, entry in self._found.items() if entry is not None}
        new._opens = dict(self._opens)
        new._packaged = set(self._packaged)
        new._layers = self._layers
        new._add(files)
        return new

    def without_packages(self) -> Catalog:
        """The same, but installed packages are not asked: only what somebody named is known."""
        new = Catalog(folder=self._folder, apis=self._apis)
        new._found = {
            name: entry
            for name, entry in self._found.items()
            if entry is not None and name not in self._packaged
        }
        new._layers = self._layers
        return new

    def only_packaged(self, name: str) -> bool:
        """Whether nobody but an installed package brings a provider; runs none of its code."""
        if name in self._packaged:
            return True
        if name in provider_names() or self._found.get(name) or not re.fullmatch(NAME, name):
            return False
        return self._extension is not None and self._extension(name) is not None

    def provider(self, name: str) -> ProviderEntry | None:
        """What is known of a provider; None when nobody knows it.

        Raises:
            PolicyError: its file is wrong.
        """
        entry = self._plain(name)
        if entry is None or not self._layers:
            return entry
        return entry._replace(layers=self._layers)

    def _plain(self, name: str) -> ProviderEntry | None:
        """A provider without what fact files say."""
        if name in provider_names():
            return provider(name)
        if name not in self._found:
            self._found[name] = self._looked_up(name) if re.fullmatch(NAME, name) else None
        return self._found[name]

    def names(self) -> tuple[str, ...]:
        """Name the providers that are known without looking for them."""
        own = (name for name, entry in self._found.items() if entry is not None)
        return tuple(sorted({*provider_names(), *own}))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The fact files, in the order in which they lie over the catalog."""
        return self._layers

    def opens(self, api: str) -> Callable[[], object] | None:
        """What makes the codec or the provider of an API that a package brought; None: ours."""
        return self._opens.get(api)

    def _add(self, files: Iterable[Path]) -> None:
        named = tuple(files)
        if named:  # what reads them is loaded only then
            self._add_named(named)

    def _add_named(self, files: Iterable[Path]) -> None:
        from llmroute.errors import PolicyError
        from llmroute.errors.guards import LARGEST_FACTS_BYTES, decode, read

        from .layers import fact_file

        problems: list[Problem] = []
        found: list[Facts] = []
        for file in files:
            try:
                text = read(file, LARGEST_FACTS_BYTES)
                facts = fact_file(text, str(file))
                if facts is not None:
                    found.append(facts)
                else:
                    decode(text.encode(), str(file))  # only fact files may be so large
                    self._found[file.stem] = self._read(file, text)
            except PolicyError as error:
                problems += error.problems
        problems += [one for facts in found for one in self._lay(facts)]
        if problems:
            raise PolicyError(problems)

    def _lay(self, facts: Facts) -> tuple[Problem, ...]:
        """Add a fact file, once every provider is known; returns what is wrong with it."""
        from llmroute.errors import PolicyError

        from .layers import in_order, read_layer

        try:
            layer = read_layer(facts, self._plain)
        except PolicyError as error:
            return tuple(error.problems)
        self._layers = in_order((*self._layers, layer))
        return ()

    def _read(self, file: Path, text: str) -> ProviderEntry:
        from .own import check_alone, read_own

        entry = read_own(file.stem, text, str(file), apis=self._apis)
        others = [one for name, one in self._found.items() if one and name != file.stem]
        check_alone(entry, str(file), others, taken=file.stem in self._found)
        return entry

    def _looked_up(self, name: str) -> ProviderEntry | None:
        if self._folder is not None and (self._folder / f"{name}.toml").is_file():
            from llmroute.errors.guards import read

            file = self._folder / f"{name}.toml"
            return self._read(file, read(file))
        load = self._extension(name) if self._extension else None
        if load is None:
            self._check_folder(name)
            return None
        from .own import read_own

        brought = load()
        self._packaged.add(name)
        speaks = brought.opens is not None
        entry = read_own(name, brought.text, brought.place, apis=self._apis, speaks=speaks)
        if brought.opens is not None:
            entry = entry._replace(api=f"package {name}")
            self._opens[entry.api] = brought.opens
        return entry

    def _check_folder(self, name: str) -> None:
        """Refuse a folder that is not there, once something is looked for in it."""
        if self._folder is None or self._folder.is_dir():
            return
        from llmroute.errors import PolicyError, Problem
        from llmroute.errors.problems import nearest

        what = f"there is no folder {str(self._folder)!r}, where {name!r} was looked for"
        hint = nearest(name, self.names(), "Or correct $LLMROUTE_PROVIDERS")
        raise PolicyError([Problem("$LLMROUTE_PROVIDERS", None, "", what, hint)])


BUILT_IN = Catalog()
"""The package's own providers alone."""
