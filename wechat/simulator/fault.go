package simulator

import (
	"net/http"
)

// FaultKind is how a call goes wrong.
type FaultKind string

// The kinds of Fault.
const (
	FaultErrcode  FaultKind = "errcode"  // answers Code, nothing happens
	FaultStatus   FaultKind = "status"   // answers HTTP Status (502 when 0), nothing happens
	FaultHang     FaultKind = "hang"     // does not respond until the caller gives up
	FaultTruncate FaultKind = "truncate" // the call happens, half of the response arrives
)

// Fault makes calls go wrong.
type Fault struct {
	Kind FaultKind
	// Path, AppID and OpenID narrow it, such as "/cgi-bin/token"; empty matches any.
	Path, AppID, OpenID string
	Code                int // errcode
	Status              int // HTTP status
	// Times is how many calls it hits; 0 means until it is cleared.
	Times int

	left int
}

// InjectFault adds a fault. If several match a call, the oldest is used.
func (s *Simulator) InjectFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.left = f.Times
	s.faults = append(s.faults, &f)
}

// ClearFaults removes every fault.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault finds the fault for a call and counts it; the caller holds mu.
func (s *Simulator) takeFault(path, appID, openID string) *Fault {
	matches := func(want, have string) bool { return want == "" || want == have }
	for i, f := range s.faults {
		if !matches(f.Path, path) || !matches(f.AppID, appID) || !matches(f.OpenID, openID) {
			continue
		}
		hit := *f
		if f.left > 0 {
			f.left--
			if f.left == 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		}
		return &hit
	}
	return nil
}

func (s *Simulator) faultAnswer(f *Fault) answer {
	if f.Kind == FaultErrcode {
		return s.failure(f.Code, "")
	}
	status := f.Status
	if status == 0 {
		status = http.StatusBadGateway
	}
	page := "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"
	return answer{status: status, contentType: "text/html", body: []byte(page)}
}
