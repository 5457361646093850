package auth

import (
	"slices"
	"strings"
)

// rights are letters of cruds by what they are for, such as system/Task.
type rights map[string]string

// parseScopes reads scopes of SMART 2 (system/Task.cru) and 1 (system/Task.read);
// * stands for all types or all letters. What a scope narrows by ?code=… it
// also grants.
func parseScopes(scopes []string) rights {
	found := rights{}
	for _, scope := range scopes {
		scope, _, _ = strings.Cut(scope, "?")
		on, letters, _ := strings.Cut(scope, ".")
		switch letters {
		case "*":
			letters = "cruds"
		case "read":
			letters = "rs"
		case "write":
			letters = "cud"
		}
		found[on] += letters
	}
	return found
}

func (r rights) cover(scope string) bool {
	for on, letters := range parseScopes([]string{scope}) {
		context, _, _ := strings.Cut(on, "/")
		for _, letter := range letters {
			if !strings.ContainsRune(r[on]+r[context+"/*"], letter) {
				return false
			}
		}
	}
	return true
}

// missing are those asked for that a server did not grant.
func missing(asked, granted []string) []string {
	have := parseScopes(granted)
	return slices.DeleteFunc(slices.Clone(asked), have.cover)
}

// inVersion1 says the same, as far as it can be said, to a server that knows no
// other: reading and writing apart, with nothing between.
func inVersion1(scopes []string) []string {
	var old []string
	for _, scope := range scopes {
		on, letters, _ := strings.Cut(scope, ".")
		if strings.Trim(letters, "cruds") != "" {
			old = append(old, scope) // is none of version 2
			continue
		}
		if strings.ContainsAny(letters, "rs") {
			old = append(old, on+".read")
		}
		if strings.ContainsAny(letters, "cud") {
			old = append(old, on+".write")
		}
	}
	return old
}
