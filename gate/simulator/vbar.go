package simulator

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// vbar is a door terminal that asks over MQTT; see Terminal.
var vbar = firmware{
	request: func(d Device, text string, now time.Time) message {
		return message{body: vbarQuestion(d.Serial, "1", text, now)}
	},
	opens: func(answer []byte) bool {
		var reply vbarEnvelope
		return json.Unmarshal(answer, &reply) == nil && reply.Code == "000000"
	},
}

type vbarEnvelope struct {
	SerialNo string          `json:"serialNo"`
	UUID     string          `json:"uuid"`
	Time     int64           `json:"time"`
	Code     string          `json:"code,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

func vbarQuestion(uuid, serialNo, text string, now time.Time) string {
	data, _ := json.Marshal(map[string]string{"type": "103", "code": text}) // strings: cannot fail
	b, _ := json.Marshal(vbarEnvelope{SerialNo: serialNo, UUID: uuid, Time: now.Unix(), Data: data})
	return string(b)
}

// Terminal is a door terminal of VBar as its installer set it up. As its makers ship it, it asks for a session that is kept, and has a
// last will that is retained.
type Terminal struct {
	Addr           string // host:port of the broker
	TLS            *tls.Config
	User, Password string
	Serial         string // its uuid
	Client         string // its client identifier; "" = its uuid
	Mute           bool   // it does not acknowledge orders
}

// Line is a terminal's connection.
type Line struct {
	t       Terminal
	conn    net.Conn
	write   sync.Mutex
	mu      sync.Mutex
	count   int
	waiting map[string]chan vbarEnvelope // by the serialNo of the question
	heard   []string                     // topics of all that came
	opened  chan int                     // numbers of orders that were carried out
	done    chan struct{}
}

// ErrRefused is returned for a terminal that the broker does not admit.
var ErrRefused = errors.New("simulator: the broker refuses the terminal")

// Connect connects the terminal and has it listen.
func (t Terminal) Connect(ctx context.Context) (*Line, error) {
	conn, err := t.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	l := &Line{t: t, conn: conn, waiting: map[string]chan vbarEnvelope{}, opened: make(chan int, 64), done: make(chan struct{})}
	in := bufio.NewReader(conn)
	if err := l.hello(in); err != nil {
		_ = conn.Close()
		return nil, err
	}
	go l.listen(in)
	for _, filter := range []string{"access_device/v1/cmd/" + t.Serial + "/#", "access_device/v1/event/" + t.Serial + "/#"} {
		if err := l.Subscribe(filter); err != nil {
			return nil, err
		}
	}
	return l, l.event("connect", "")
}

func (t Terminal) dial(ctx context.Context) (net.Conn, error) {
	if t.TLS != nil {
		return (&tls.Dialer{Config: t.TLS}).DialContext(ctx, "tcp", t.Addr)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", t.Addr)
}

// Packets of MQTT 3.1.1.
const (
	packetConnect   = 0x10
	packetPublish   = 0x30
	packetSubscribe = 0x82
)

// hello sends CONNECT with a session that is kept and a retained last will, and reads the answer.
func (l *Line) hello(in *bufio.Reader) error {
	client := l.t.Client
	if client == "" {
		client = l.t.Serial
	}
	const user, password, willRetain, will = 0x80, 0x40, 0x20, 0x04
	b := append(mqttString("MQTT"), 4, user|password|willRetain|will, 0, 60)
	b = append(b, mqttString(client)...)
	b = append(b, mqttString("access_device/v1/event/offline")...)
	b = append(b, mqttString(`{"uuid":"`+l.t.Serial+`"}`)...)
	b = append(b, mqttString(l.t.User)...)
	b = append(b, mqttString(l.t.Password)...)
	if err := l.send(packetConnect, b); err != nil {
		return err
	}
	kind, answer, err := readPacket(in)
	if err != nil || kind != 0x20 || len(answer) != 2 || answer[1] != 0 {
		return ErrRefused
	}
	return nil
}

func mqttString(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }

// send writes one packet.
func (l *Line) send(kind byte, body []byte) error {
	head := []byte{kind}
	for n := len(body); ; {
		digit := byte(n % 128)
		if n /= 128; n > 0 {
			head = append(head, digit|128)
			continue
		}
		head = append(head, digit)
		break
	}
	l.write.Lock()
	defer l.write.Unlock()
	_, err := l.conn.Write(append(head, body...))
	return err
}

// readPacket reads one packet.
func readPacket(in *bufio.Reader) (kind byte, body []byte, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, shift := 0, 0
	for {
		digit, err := in.ReadByte()
		if err != nil || shift > 21 {
			return 0, nil, io.ErrUnexpectedEOF
		}
		n |= int(digit&127) << shift
		if shift += 7; digit < 128 {
			break
		}
	}
	body = make([]byte, n)
	_, err = io.ReadFull(in, body)
	return kind, body, err
}

// Subscribe asks for a topic.
func (l *Line) Subscribe(filter string) error {
	return l.send(packetSubscribe, append(append([]byte{0, 1}, mqttString(filter)...), 1))
}

// Publish sends a text to a topic; retained, if it is to be kept for those who come later.
func (l *Line) Publish(topic, text string, retained bool) error {
	kind := byte(packetPublish)
	if retained {
		kind |= 1
	}
	return l.send(kind, append(mqttString(topic), text...))
}

func (l *Line) next() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	return strconv.Itoa(l.count)
}

func (l *Line) event(name, data string) error {
	b, _ := json.Marshal(vbarEnvelope{SerialNo: l.next(), UUID: l.t.Serial, Time: time.Now().Unix()}) // cannot fail
	return l.Publish("access_device/v1/event/"+name, string(b)+data, false)
}

// Beat sends a heartbeat.
func (l *Line) Beat() error { return l.event("heartbeat", "") }

// Show holds a QR code in front of the terminal, and reports whether it opens. Without an answer in time it stays shut.
func (l *Line) Show(ctx context.Context, text string) (bool, error) {
	serialNo, answer := l.next(), make(chan vbarEnvelope, 1)
	l.mu.Lock()
	l.waiting[serialNo] = answer
	l.mu.Unlock()
	err := l.Publish("access_device/v1/event/access_online", vbarQuestion(l.t.Serial, serialNo, text, time.Now()), false)
	if err != nil {
		return false, err
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case e := <-answer:
		return e.Code == "000000", nil
	case <-late.C:
	case <-l.done:
	case <-ctx.Done():
	}
	return false, nil
}

// listen obeys what comes until the connection ends.
func (l *Line) listen(in *bufio.Reader) {
	defer close(l.done)
	for {
		kind, body, err := readPacket(in)
		if err != nil {
			return
		}
		if kind&0xf0 != packetPublish || len(body) < 2 {
			continue
		}
		n := int(body[0])<<8 | int(body[1])
		if len(body) < 2+n {
			return
		}
		l.hear(string(body[2:2+n]), body[2+n:])
	}
}

// hear obeys one message: those of another uuid are dropped, and the time in one is not looked at.
func (l *Line) hear(topic string, body []byte) {
	l.mu.Lock()
	l.heard = append(l.heard, topic)
	l.mu.Unlock()
	var e vbarEnvelope
	if json.Unmarshal(body, &e) != nil || e.UUID != l.t.Serial {
		return
	}
	if strings.HasSuffix(topic, "/access_online_reply") {
		l.mu.Lock()
		answer := l.waiting[e.SerialNo]
		delete(l.waiting, e.SerialNo)
		l.mu.Unlock()
		if answer != nil {
			answer <- e
		}
		return
	}
	var order struct {
		Command *int `json:"command"`
	}
	if !strings.HasSuffix(topic, "/control") || json.Unmarshal(e.Data, &order) != nil || order.Command == nil || *order.Command != 1 {
		return
	}
	number, _ := strconv.Atoi(e.SerialNo) // 0: of nobody
	l.opened <- number
	if !l.t.Mute {
		_ = l.Acknowledge(number, "000000") // a connection that ended acknowledges nothing
	}
}

// Acknowledge sends what became of an order.
func (l *Line) Acknowledge(number int, code string) error {
	b, _ := json.Marshal(vbarEnvelope{SerialNo: strconv.Itoa(number), UUID: l.t.Serial, Time: time.Now().Unix(), Code: code})
	return l.Publish("access_device/v1/cmd/control_reply", string(b), false)
}

// Opened receives the number of each order that the terminal has carried out.
func (l *Line) Opened() <-chan int { return l.opened }

// Heard returns the topics of all that came.
func (l *Line) Heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.heard...)
}

// Done is closed when the connection has ended.
func (l *Line) Done() <-chan struct{} { return l.done }

// Close ends the connection without a word, as a cut cable does.
func (l *Line) Close() { _ = l.conn.Close() } // it may have ended
