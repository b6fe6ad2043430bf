"""Every SELECT of sales and commission rates, one module per matter."""
