//go:build !linux

package simulate_test

import "syscall"

// diesWithParent needs Linux: elsewhere, end what a killed test has left.
func diesWithParent() *syscall.SysProcAttr { return nil }
