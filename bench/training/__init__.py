"""How the weights that the packages carry were learnt. Needs torch; no part of the product."""
