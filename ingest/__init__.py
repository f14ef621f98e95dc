"""From somebody's file to validated, mapped records in a store; and the synthetic trade world."""
