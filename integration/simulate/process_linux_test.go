package simulate_test

import "syscall"

// diesWithParent lets no process outlive a test that was itself killed.
func diesWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
