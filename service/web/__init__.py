"""The EHR calls us: routes, the hook vocabulary, answers."""
