package door

import (
	"encoding/hex"
	"time"

	"tongxing/core"
	"tongxing/gate"
)

// shown is one request as its family's parser read it. The zero shown is a
// request that nobody could read.
type shown struct {
	text   string
	device string // what the device calls itself; "" = it did not say
	clock  int64  // the device's, in Unix seconds; 0 = it did not say
	mcard  gate.McardseaScan
	at     time.Time // when it came, by our clock
}

// family is what differs between the readers' protocols.
type family struct {
	protocol    string
	contentType string
	mustName    bool // every request names its device
	burst       int  // how often it sends one reading again by itself
	parse       func(raw []byte) (shown, error)
	answer      func(r core.Reader, s shown, allowed bool) []byte // all zeros: a refusal
}

// vguang sends the device number along, but for its raw form, which has nothing
// but the text.
var vguang = family{
	protocol:    core.ProtocolVguang,
	contentType: gate.VguangContentType,
	parse: func(raw []byte) (shown, error) {
		s, err := gate.ParseVguang(raw)
		return shown{text: s.Text, device: s.DeviceNumber}, err
	},
	answer: func(r core.Reader, _ shown, allowed bool) []byte { return gate.VguangAnswer(allowed, r.DenyCode) },
}

// mcardsea's answers carry our time: the device sets its clock by it.
var mcardsea = family{
	protocol:    core.ProtocolMcardsea,
	contentType: gate.McardseaContentType,
	mustName:    true,
	burst:       3, // devices in the field send a reading three or four times
	parse: func(raw []byte) (shown, error) {
		s, err := gate.ParseMcardsea(string(raw))
		return shown{text: s.CardID, device: s.Serial, clock: s.Time, mcard: s}, err
	},
	answer: func(_ core.Reader, s shown, allowed bool) []byte { return gate.McardseaAnswer(s.mcard, allowed, s.at) },
}

// isHeartbeat reports a sign of life. Anyone can show its text as a QR, so it is
// refused like every other text that is no token.
func isHeartbeat(r core.Reader, s shown) bool {
	if r.Protocol != core.ProtocolVguang {
		return false
	}
	scan := gate.VguangScan{Text: s.text}
	if text, err := hex.DecodeString(s.text); err == nil && r.HeartbeatText != "" && string(text) == r.HeartbeatText {
		return true // from a device set to hexadecimal
	}
	return scan.IsHeartbeat(r.HeartbeatText) || scan.IsHeartbeat("")
}
