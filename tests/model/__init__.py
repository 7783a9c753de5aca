"""An exhaustive model of the ledger protocol: every state that its rules allow within bounds (docs/ledger-model.md)."""
