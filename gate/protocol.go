package gate

import (
	"errors"
	"time"

	"tongxing/core"
)

// maxReaderText bounds what a reader of a family that sends one text may send, in bytes.
const maxReaderText = 4 << 10

// ErrReaderRequest is returned for a request that no reader of the protocol sends.
var ErrReaderRequest = errors.New("gate: not a reader's request")

// Wire is one request of a device as it came over the network.
type Wire struct {
	Topic  string // of a device that holds a connection to the broker
	Method string
	Path   string // of the URL, after the secret; "" = there is none
	Query  string // of the URL, as sent
	Type   string // of the body, as the device says
	Body   []byte
}

// Text returns what a device sent that puts one text either into the body or into the query: unchanged, since texts in it are not
// escaped, and no form parser may touch them.
func (w Wire) Text() []byte {
	if len(w.Body) > 0 {
		return w.Body
	}
	return []byte(w.Query)
}

// MessageKind is what a device wants.
type MessageKind int

const (
	MessageUnread    MessageKind = iota // it could not be read: refused
	MessageScan                         // something was shown to it
	MessageHeartbeat                    // a sign of life, which is refused like what is no token
	MessageAnswer                       // to an order
	MessageOther                        // something that we have no use for
	MessageRecord                       // what it decided without asking
)

// Message is one request of a reader as read by its protocol. The zero Message is a request that
// could not be read.
type Message struct {
	Kind   MessageKind
	Text   string // what was shown
	Device string // the device's serial; "" if it did not send one
	Head   int    // which of the device's heads has read; 0 if it did not say
	Temp   int    // that was measured, in tenths of a degree; 0 = none was
	Clock  int64  // the device's, in Unix seconds; 0 if it did not send one
	Number int    // of the order that it answers
	Opened bool   // its answer to that
	Record *core.DeviceRecord
	Own    any // what the family's Answer needs of its Read besides
}

// Reply is what a device is told. The zero Reply refuses.
type Reply struct {
	Decision core.Decision
	Taken    bool // what is no question was taken: it need not be sent again
}

// Push is a message to a device that holds a connection.
type Push struct {
	Topic string
	Body  []byte
}

// Setting is one setting that an installer makes on a device.
type Setting struct {
	Label, Value string
	Code         bool // to be typed exactly
	Copy         bool
}

// Protocol is the wire format of a family of readers: what the door and the pages for installers need to know of it. A family is a
// file here, an entry in protocols, one in core.ReaderProtocols, a folder of testdata, and a device in gate/simulator.
type Protocol struct {
	core.ReaderProtocol
	ContentType string
	Suffix      string   // of the path, after the secret
	MaxRequest  int      // bytes of a request
	Names       []string // of its fields, which a record of an unreadable message may show
	MustName    bool     // every request names its device
	ByPath      bool     // what a request is depends on its path
	// Sent and Answered are the names in requests and answers that the list of the last requests shows.
	Sent, Answered callFields
	Burst          int // how often a device repeats one reading by itself

	// Read fails with ErrReaderRequest. The device is never taken from the text that was shown.
	Read func(w Wire) (Message, error)
	// Answer returns a whole answer; with a zero reply a refusal, whatever the reader and the message, which may be zero.
	Answer func(r core.Reader, m Message, reply Reply, now time.Time) []byte
	// AnswerTopic, May and Push are of a family that is connected: where an answer goes, "" for nowhere; whether a device may publish
	// to, or subscribe to, a topic; and an order to open, to a device that sent last, which may be zero.
	AnswerTopic func(r core.Reader, m Message) string
	May         func(r core.Reader, topic string, publish bool) bool
	Push        func(r core.Reader, c core.DoorCommand, last Message, now time.Time) Push
	// IsHeartbeat knows a heartbeat by the reader's settings; nil if Read does.
	IsHeartbeat func(r core.Reader, m Message) bool

	Settings     func(r core.Reader) []Setting
	Steps, Trial []string // of the installation
}

// protocols are all families. Calls from unknown devices are answered in the first.
var protocols = []Protocol{vguang, mcardsea, turnstile, vbar, httpv2}

// Protocols returns every family of readers.
func Protocols() []Protocol { return protocols }

// ProtocolOf returns a family by its name; ok reports whether it is known.
func ProtocolOf(name string) (p Protocol, ok bool) {
	for _, p := range protocols {
		if p.Name == name {
			return p, true
		}
	}
	return Protocol{}, false
}

// KindOf returns what a reader's message is.
func (p Protocol) KindOf(r core.Reader, m Message) MessageKind {
	if m.Kind == MessageScan && p.IsHeartbeat != nil && p.IsHeartbeat(r, m) {
		return MessageHeartbeat
	}
	return m.Kind
}

// Refusal returns the family's refusal of a message of a reader.
func (p Protocol) Refusal(r core.Reader, m Message, now time.Time) []byte {
	return p.Answer(r, m, Reply{}, now)
}

func named(name string) core.ReaderProtocol {
	p, ok := core.ReaderProtocolOf(name)
	if !ok {
		panic("gate: core knows no protocol " + name)
	}
	return p
}

// trials are the steps that every installer tries.
var trials = []string{
	"用一张随便的二维码（比如商品码）试刷：读头应提示失败，门不开。若门开了，立即断开继电器并更换拒绝码。",
	"用住户手机上的通行码试刷：门应打开，“出入记录”里出现一条放行。",
	"同一个码过几秒再刷一次：应被拒绝。",
	"拔掉读头的网线再刷：门不开。",
}
