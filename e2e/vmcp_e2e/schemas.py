# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas that the MCP specification publishes, one document a revision, read from where they are kept."""

import json
import os
from pathlib import Path

import jsonschema

from .environment import ROOT

MODERN = "2026-07-28"


def schema_folder():
    """VMCP_MCP_SCHEMAS, else the folder beside the repository; None when there are no schemas here."""
    named = os.environ.get("VMCP_MCP_SCHEMAS")
    folder = Path(named) if named else ROOT.parent.parent / "shared" / "data" / "mcp-schema"
    return folder if any(folder.glob("*.json")) else None


class Revision:
    """The definitions of one revision."""

    def __init__(self, name, document):
        self.name = name
        keyword = "$defs" if "$defs" in document else "definitions"
        self.definitions = document[keyword]
        base = jsonschema.Draft202012Validator if keyword == "$defs" else jsonschema.Draft7Validator
        prefix = f"#/{keyword}/"

        def reference(validator, target, instance, schema):
            # All references are to definitions of the same document; the general resolver is ten times slower.
            yield from validator.descend(instance, self.definitions[target.removeprefix(prefix)])

        self._class = jsonschema.validators.extend(base, {"$ref": reference})
        self._validators = {}
        self._methods = {}

    def __contains__(self, definition):
        return definition in self.definitions

    def methods(self, union):
        """Method to definition of `ClientRequest`, `ServerRequest`, `ClientNotification` or `ServerNotification`."""
        if union not in self._methods:
            schema = self.definitions.get(union, {})
            names = [entry["$ref"].rpartition("/")[2] for entry in schema.get("anyOf", [])]
            # A union of one is that one.
            names = names or ([union] if "properties" in schema else [])
            self._methods[union] = {self.definitions[name]["properties"]["method"]["const"]: name for name in names}
        return self._methods[union]

    def result_of(self, method):
        """The definition of the result of a request, None when the revision does not know the method."""
        request = {**self.methods("ClientRequest"), **self.methods("ServerRequest"), **self._questions()}.get(method)
        if request is None:
            return None
        result = request.removesuffix("Request") + "Result"
        return result if result in self else "EmptyResult"

    def _questions(self):
        """What is asked inside of `input_required`."""
        questions = self.definitions.get("InputRequest", {}).get("anyOf", [])
        names = [entry["$ref"].rpartition("/")[2] for entry in questions]
        return {self.definitions[name]["properties"]["method"]["const"]: name for name in names}

    def problem(self, definition, instance):
        """What is wrong with the instance, and where in the schema that is said; None when nothing is."""
        validator = self._validators.get(definition)
        if validator is None:
            validator = self._validators[definition] = self._class(self.definitions[definition])
        if validator.is_valid(instance):
            return None
        error = jsonschema.exceptions.best_match(validator.iter_errors(instance))
        where = "/".join(str(part) for part in error.absolute_path)
        schema = "/".join([definition, *(str(part) for part in error.absolute_schema_path)])
        return f"at /{where}: {error.message[:400]}\n  schema: {self.name} {schema}"


class Schemas:
    """Every revision that there is a document of."""

    def __init__(self, folder):
        self.folder = folder
        self.revisions = {}
        for path in sorted(folder.glob("20??-??-??.json")):
            self.revisions[path.stem] = Revision(path.stem, json.loads(path.read_text()))
        if MODERN not in self.revisions or len(self.revisions) < 5:
            raise AssertionError(f"{folder} lacks revisions: there are {', '.join(self.revisions)}")

    def __getitem__(self, name):
        return self.revisions[name]

    def __contains__(self, name):
        return name in self.revisions
