"""The pages: one folder each. `apps.registry` lists them and says how to add one.

Not named `pages`: Streamlit would take a folder of that name beside the script for its own kind of pages, and answer
«Page not found» to whoever opens a link first (seen with 1.67).
"""
