"""Anonymizes columns of a CSV file with presidio-structured, told which columns to take, so that nothing is detected.

Usage: presidio.py INPUT OUTPUT hash|encrypt COLUMN...
"""

import sys

import pandas
from presidio_anonymizer.entities import OperatorConfig
from presidio_structured import StructuredAnalysis, StructuredEngine
from presidio_structured.data.data_processors import PandasDataProcessor

source, target, operator, *columns = sys.argv[1:]
# Made for benches; protects nothing.
parameters = {
    "hash": {"hash_type": "sha256", "salt": b"bench-salt-bench"},
    "encrypt": {"key": "bench-key-bench-key-bench-key-32"},
}
table = pandas.read_csv(source, dtype=str, keep_default_na=False)
analysis = StructuredAnalysis(entity_mapping={column: "ID" for column in columns})
engine = StructuredEngine(PandasDataProcessor())
engine.anonymize(table, analysis, operators={"ID": OperatorConfig(operator, parameters[operator])}).to_csv(
    target, index=False
)
