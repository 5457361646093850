package artifacts

import (
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// ReadOnly is a form whose questions of these codes have been answered before: renderers
// show them and let nobody change them. It has a version of its own, and is scored alike.
func ReadOnly(form Artifact, codes []string) (Artifact, error) {
	raw, err := readOnlyIn(form.JSON, "", codes)
	if err != nil {
		return Artifact{}, err
	}
	form.Name += "-next"
	form.JSON, err = sjson.SetBytes(raw, "version", gjson.GetBytes(raw, "version").String()+"-next")
	return form, err
}

func readOnlyIn(raw []byte, group string, codes []string) (_ []byte, err error) {
	for i, it := range gjson.GetBytes(raw, group+"item").Array() {
		at := fmt.Sprintf("%sitem.%d.", group, i)
		asked := slices.ContainsFunc(it.Get("code.#.code").Array(), func(c gjson.Result) bool { return slices.Contains(codes, c.String()) })
		if asked {
			if raw, err = sjson.SetBytes(raw, at+"readOnly", true); err != nil {
				return nil, err
			}
		}
		if raw, err = readOnlyIn(raw, at, codes); err != nil {
			return nil, err
		}
	}
	return raw, nil
}
