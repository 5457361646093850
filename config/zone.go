package config

import (
	"errors"
	"time"
	_ "time/tzdata" // an image from scratch has no database of zones
)

// Zone is the hospital's zone; UTC where none is set, which Load does not allow.
func (c Config) Zone() *time.Location {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// zoneErr refuses what is a zone to Go alone: Local is whatever this machine was set
// to, and an empty name UTC.
func (c Config) zoneErr() error {
	if c.TimeZone == "" || c.TimeZone == "Local" {
		return errors.New("no zone is named")
	}
	_, err := time.LoadLocation(c.TimeZone)
	return err
}
