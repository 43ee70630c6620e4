"""Says what can be established about a file, and what cannot."""

import warnings

# A hostile file's certificate may hold names that no X.520 allows: what reads them would print so.
warnings.filterwarnings("ignore", "Attribute's length must be", UserWarning)
