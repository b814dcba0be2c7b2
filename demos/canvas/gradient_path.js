// A drawing of where the gradient goes, two in one: data-way says which is seen. A link may have set the knob.
if (gml.restoring(element)) trigger("apply");
