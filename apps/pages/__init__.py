"""The pages: one folder each. `apps.registry` lists them and says how to add one."""
