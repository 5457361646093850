package simulate_test

import "time"

// counted lets time pass, and checks what the service needs when nothing
// happens at all.
func (s *simulation) counted(d time.Duration) { time.Sleep(d) }
