"""Files that open the BI views in Power BI and Tableau. They name server, database and views; who opens one signs in there."""

from __future__ import annotations

import json
from xml.etree import ElementTree

_POWER_BI_VERSION = "0.1"
_TABLEAU_VERSION = "18.1"
_CONNECTION = "snowflake.playhead"


def server_name(account: str) -> str:
    """The server of a Snowflake account."""
    return f"{account}.snowflakecomputing.com"


def power_bi_file(account: str, warehouse: str) -> str:
    """A Power BI data source (.pbids): Power BI Desktop opens it, and asks who one is and which views to take."""
    details = {"protocol": "snowflake", "address": {"server": server_name(account), "warehouse": warehouse}}
    return json.dumps({"version": _POWER_BI_VERSION, "connections": [{"details": details, "options": {}}]}, indent=2) + "\n"


def tableau_file(view: str, account: str, warehouse: str, database: str, role: str) -> str:
    """A Tableau data source (.tds) of one view, given as `BI.V_TOP_CONTENT`: Tableau asks who one is."""
    schema, name = view.split(".")
    source = ElementTree.Element("datasource", {"formatted-name": name, "inline": "true", "version": _TABLEAU_VERSION})
    federated = ElementTree.SubElement(source, "connection", {"class": "federated"})
    named = ElementTree.SubElement(ElementTree.SubElement(federated, "named-connections"), "named-connection")
    named.attrib.update({"caption": server_name(account), "name": _CONNECTION})
    place = {"server": server_name(account), "dbname": database, "schema": schema, "warehouse": warehouse, "service": role}
    ElementTree.SubElement(named, "connection", {"class": "snowflake", **place})
    table = {"connection": _CONNECTION, "name": name, "table": f"[{database}].[{schema}].[{name}]", "type": "table"}
    ElementTree.SubElement(federated, "relation", table)
    ElementTree.indent(source)
    return f"<?xml version='1.0' encoding='utf-8' ?>\n{ElementTree.tostring(source, encoding='unicode')}\n"
