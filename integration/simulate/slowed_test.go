//go:build race

package simulate_test

// The race detector takes five times as long.
func init() { slowed = true }
