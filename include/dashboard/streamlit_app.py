"""The dashboard: what the BI views tell, page by page. The same file runs on the embedded stack and as Streamlit in Snowflake."""

from __future__ import annotations

import streamlit as st

from bi.page import telling_states

# A picture in the page itself: any icon of a library Streamlit would fetch from the internet.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
<circle cx="12" cy="12" r="12" fill="#2f7fe0"/><path d="M9 6l9 6-9 6z" fill="#fff"/></svg>"""
st.set_page_config(page_title="Playhead", page_icon=ICON, layout="wide")
pages = [
    st.Page("screens/executive.py", title="Executive", icon=":material/monitoring:", default=True),
    st.Page("screens/audience.py", title="Audience", icon=":material/groups:"),
    st.Page("screens/content.py", title="Content", icon=":material/movie:"),
    st.Page("screens/quality.py", title="Quality of experience", icon=":material/speed:"),
    st.Page("screens/ads.py", title="Ads", icon=":material/campaign:"),
    st.Page("screens/revenue.py", title="Revenue", icon=":material/payments:"),
    st.Page("screens/experiments.py", title="Experiments", icon=":material/science:"),
    st.Page("screens/recommendations.py", title="Recommendations", icon=":material/recommend:"),
    st.Page("screens/churn.py", title="Churn", icon=":material/person_off:"),
]
page = st.navigation(pages)
with telling_states():
    page.run()
