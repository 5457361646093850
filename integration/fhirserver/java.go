package fhirserver

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

func startJava(ctx context.Context, opts Options) (*Server, error) {
	var database []string
	if opts.Database != "" {
		// Without WRITE_DELAY=0, H2 loses the last of what it has acknowledged when it is killed.
		database = []string{"--spring.datasource.url=jdbc:h2:file:" + filepath.Join(opts.Database, "hapi") + ";WRITE_DELAY=0"}
	}
	return startHAPI(ctx, opts, "HAPI FHIR as a local Java process", database)
}

// startHAPI starts our HAPI on the database that the arguments name.
func startHAPI(ctx context.Context, opts Options, name string, database []string) (*Server, error) {
	java, err := javaCommand()
	if err != nil {
		return nil, err
	}
	jar, err := hapiJar(ctx)
	if err != nil {
		return nil, err
	}
	s, port, err := local(name)
	if err != nil {
		return nil, err
	}
	command := func() *exec.Cmd { return exec.Command(java, append(arguments(jar, port, opts), database...)...) }
	if err := s.launch(ctx, command()); err != nil {
		return nil, err
	}
	if opts.Database != "" {
		s.restart = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
			defer cancel()
			return errors.Join(s.stop(), s.launch(ctx, command()))
		}
	}
	return s, nil
}

func javaCommand() (string, error) {
	name := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		name = filepath.Join(home, "bin", "java")
	}
	return tool(name)
}

func arguments(jar string, port int, opts Options) []string {
	return []string{
		"-Xmx1500m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // small, and starts fastest
		"-jar", jar, "--die-with-parent",
		"--server.port=" + strconv.Itoa(port),
		"--validate=" + strconv.FormatBool(!opts.NoValidation),
	}
}
