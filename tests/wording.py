"""What every text of the flows must be: readable for most people, its acronyms explained."""

from __future__ import annotations

ACRONYMS = {
    "CEM": "mujeres y familias",
    "UDAVIT": "protege a víctimas y testigos",
    "FISTRAP": "fiscalía de trata",
    "FECCOR": "crimen organizado",
    "UPE": "protege a niñas, niños y adolescentes",
    "SAU": "equipo que va donde estás",
    "SIS": "seguro público gratis",
    "PEP": "pastillas",
    "SUNAFIL": "vigila el trabajo",
    "SUSALUD": "quejas de salud",
    "CONADIS": "personas con discapacidad",
    "CEPR": "comisión de refugio",
    "ACNUR": "agencia de la ONU",
    "ERI": "equipo de respuesta rápida",
    "UIT": "unidad de las multas",
}
"""What she is told beside each, wherever it stands: she may enter at any state."""


def readability(prose: str) -> float:
    """The INFLESZ of Spanish prose; 65 is what most people read with ease."""
    import textstat  # brings half of scipy: only who measures needs it

    textstat.set_lang("es")
    return float(textstat.szigriszt_pazos(prose))
