package strictjson

// At follows names, each of which may be an index where the value is an array: indexes
// holds it, or -1. It returns nil where they lead nowhere. It is one call for all of
// them, and looks into small documents without another.
func (v *Value) At(names []string, indexes []int) *Value {
	for i := range names {
		if v == nil {
			return nil
		}
		if v.Kind == Object {
			if v.large == nil {
				v = v.fields[names[i]]
			} else {
				v = v.inside(names[i])
			}
			continue
		}
		items := v.items
		if v.large != nil {
			items = v.Items()
		}
		if indexes[i] < 0 || indexes[i] >= len(items) {
			return nil
		}
		v = items[indexes[i]]
	}
	return v
}
