package config

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Whoever may write a middleware must not be able to send Traefik's other
// secrets to a url of his own: so env: reads only names made for the plugin,
// and file: only below folders that Traefik's operator chose.
const (
	envPrefix      = "UPSTREAMAUTH_"
	foldersName    = "UPSTREAMAUTH_FILES"
	defaultFolders = "/run/secrets:/etc/upstreamauth"
	maxSecretFile  = 64 << 10 // bytes
)

// secret returns what key holds or refers to; empty if it is absent, or after
// a fault. No fault names it.
func (s *section) secret(key string) string {
	if s.values[key].shape == shapeEmpty {
		s.fault(key, "must not be empty")
		return ""
	}
	return s.resolve(key, "")
}

// document is a text that is no secret but may be kept like one. Its faults
// name what it refers to.
func (s *section) document(key string) string {
	value := s.text(key)
	if strings.HasPrefix(value, "env:") || strings.HasPrefix(value, "file:") {
		return s.resolve(key, quoteForLog(value)+": ")
	}
	return value
}

// resolve reads the value, env:NAME or file:/path under key. About what it
// refers to, faults say no more than the words in subject.
func (s *section) resolve(key, subject string) string {
	value := s.text(key)
	if value == "" {
		return ""
	}
	why := ""
	if strings.HasPrefix(value, "env:") {
		value, why = s.r.readEnv(strings.TrimPrefix(value, "env:"))
	} else if strings.HasPrefix(value, "file:") {
		value, why = s.r.readFile(strings.TrimPrefix(value, "file:"))
	}
	if why != "" {
		s.fault(key, subject+why)
		return ""
	}
	return value
}

// readEnv returns a variable of Traefik's environment, or why not.
func (r *reader) readEnv(name string) (string, string) {
	if !strings.HasPrefix(name, envPrefix) {
		return "", "env: takes only names that begin with " + envPrefix
	}
	value, found := r.lookup(name)
	if !found || value == "" {
		return "", "the environment variable is not set, or is empty"
	}
	return value, ""
}

// lookup reads one variable of Traefik's environment.
func (r *reader) lookup(name string) (string, bool) {
	env := r.env
	if env == nil {
		return "", false
	}
	value, found := env(name)
	return value, found
}

// readFile returns a file's content without its last line end, or why not.
//
// Both the path as it is written and what it leads to have to lie below an
// allowed folder: the first so that no path can be tried to learn which files
// exist elsewhere, the second so that no symbolic link leads out. Links that
// stay below it are good: Kubernetes mounts each secret as one.
func (r *reader) readFile(path string) (string, string) {
	folders := r.secretFolders()
	outside := "file: takes only files below the folders of " + foldersName
	if !filepath.IsAbs(path) {
		return "", "file: takes an absolute path, as in file:/run/secrets/name"
	}
	if !isBelow(filepath.Clean(path), folders) {
		return "", outside
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	if !isBelow(real, folders) {
		return "", outside
	}
	// Kubernetes, and clouds on top of it, put Traefik's own account into a
	// default folder.
	if strings.Contains(path+real, "/serviceaccount/") {
		return "", "file: does not read the service account that Kubernetes gives to Traefik"
	}
	// Opening a pipe would wait for its writer, and Traefik with us.
	info, err := os.Stat(real)
	if err != nil || !info.Mode().IsRegular() {
		return "", "no regular file"
	}
	content, why := readBounded(real)
	if why != "" {
		return "", why
	}
	line, ended := strings.CutSuffix(content, "\r\n")
	if !ended {
		line = strings.TrimSuffix(content, "\n")
	}
	if line == "" {
		return "", "the file is empty"
	}
	return line, ""
}

// readBounded reads a regular file of bounded size, or says why not.
func readBounded(path string) (string, string) {
	file, err := os.Open(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", "the file could not be read"
	}
	if len(content) > maxSecretFile {
		return "", "the file is larger than 64 KiB"
	}
	return string(content), ""
}

// secretFolders lists the allowed folders, as written and as they really are.
func (r *reader) secretFolders() []string {
	if r.folders != nil {
		return r.folders
	}
	list, chosen := r.lookup(foldersName)
	if !chosen {
		list = defaultFolders
	}
	r.folders = []string{}
	for _, folder := range strings.Split(list, ":") {
		if !filepath.IsAbs(folder) {
			continue // the folder that Traefik happened to start in is nobody's choice
		}
		r.folders = append(r.folders, filepath.Clean(folder))
		real, err := filepath.EvalSymlinks(folder)
		if err == nil {
			r.folders = append(r.folders, real)
		}
	}
	return r.folders
}

// isBelow says whether a clean path lies in one of the folders.
func isBelow(path string, folders []string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/") {
			return true
		}
	}
	return false
}
