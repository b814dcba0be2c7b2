"""The tab Flow: flow matching, where noise goes to data along a field of velocities."""

from demos.flow import shape

TITLE, ID, FAMILY = "Flow", "flow", "df"
VIEWS = (shape,)  # two dimensions, in which the right field is known
