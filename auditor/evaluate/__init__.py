"""Rules judged over an inventory: results, exemptions, baselines, the gate."""
