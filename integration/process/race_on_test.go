//go:build race

package process

const withRace = true
